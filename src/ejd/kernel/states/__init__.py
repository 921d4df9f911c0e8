"""What decisions need to know of each kind of stream: plain folds, one class per kind."""
