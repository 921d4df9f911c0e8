"""Bytes in, neutral models out: what a school's other programs know, before any command is sent.

Nothing here touches the database or the clock. A reader either returns a complete model, in which every
activity of the file is placed or refused with its reason, or raises `ejd.imports.safe_xml.ImportRefused` with
one sentence for the person at the keyboard.
"""
