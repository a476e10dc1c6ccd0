"""The server under the application: listening, connections and their limits, TLS, the commands' socket."""
