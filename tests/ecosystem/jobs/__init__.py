"""Main jobs as users of each library write them. Each module has ``jobs(jit)``: name -> a call that is made once."""
