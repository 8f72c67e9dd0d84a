"""Engines that do real work on this machine, without a model server.

They know nothing of tracking. Nothing heavy is imported until it is used.
"""
