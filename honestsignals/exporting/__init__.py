"""Tables as files for other programs: every form, whole or not at all, with what must be known of them."""
