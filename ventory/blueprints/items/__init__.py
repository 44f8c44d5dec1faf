"""Items: the catalogue, where things are carried, and the retail API's products."""
