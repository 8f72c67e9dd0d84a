"""How does Markdown tell a story, so that no text of a person can become a part of the document?"""
