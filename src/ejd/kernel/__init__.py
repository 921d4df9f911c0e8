"""Pure core: events, states that decisions need, policies, commands, refusals. No framework, clock or database."""
