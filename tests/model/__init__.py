"""The model of docs/model, run by TLC: `make model`, and a small part of it in `make test`."""
