demo test check:
	./run $@

.PHONY: demo test check
