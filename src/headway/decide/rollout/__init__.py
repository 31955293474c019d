"""Rollouts: does the candidate take over live traffic?"""
