"""Tables: Parquet, Arrow, Excel, ``datasets``, pandas and the Hub."""
