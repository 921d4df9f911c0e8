"""Bytes in, neutral models out, commands last: what a school's other programs know comes into the school.

The readers touch neither database nor clock. A reader either returns a complete model, in which every activity of
the file is placed or refused with its reason, or raises `ejd.imports.safe_xml.ImportRefused` with one sentence for
the person at the keyboard; `ejd.imports.apply` brings the model into a school, by commands only.
"""
