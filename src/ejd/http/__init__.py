"""Commands and questions over HTTP: routes follow from command classes and reports; every refusal is a problem."""
