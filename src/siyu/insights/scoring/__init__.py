"""RFM scores and the life-cycle stage of customers."""
