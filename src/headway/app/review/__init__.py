"""`headway review`: what a change does, before it is merged."""
