"""Our HTTP/1.1 client: kept-alive connections, one request each at a time, never a request made twice."""
