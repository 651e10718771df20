"""How long until a reply, and until giving up: times that the end of the log cuts off."""
