"""Monitors: is what serves still right?"""
