"""Goals: hold-out assignments."""
