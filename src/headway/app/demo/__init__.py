"""The demo: the whole way of a change on real flights, through public commands only."""
