"""The read side: what a projection is, how streams are folded into tables, and fed and rebuilt."""
