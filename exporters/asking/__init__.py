"""How is a question in SQL asked so that nothing changes, and what is done with its answer?"""
