"""Git: the wish on main, the record on the branch headway."""
