"""Messages to customers: deliveries and the channel port."""
