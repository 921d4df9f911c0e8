"""The matrix of access: every route and command by every role in every situation, over real HTTP."""
