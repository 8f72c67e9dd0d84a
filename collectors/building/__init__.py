"""How do finished spans become a record, and a record finished spans again?"""
