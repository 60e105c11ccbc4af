"""The database under the history: where it is, its tables, its versions, what its errors mean."""
