"""What is a finished span, whoever told us of it: our own spans, OTLP or a journal?"""
