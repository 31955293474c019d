"""One module a traffic router: weights to objects and back."""
