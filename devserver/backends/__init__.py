"""What does the work of a pipeline stage: clients of model servers.

A backend knows nothing of tracking: it is called with what it needs, and returns
the result together with what it was really handed (`passed`).
"""
