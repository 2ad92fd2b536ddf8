"""What the three services share. It knows none of them, and never imports one."""
