namespace TokenHub.Ledger.Migrations;

/// <summary>The database and this build do not fit together; the start stops and nothing was changed.</summary>
public sealed class MigrationException(string message) : Exception(message);
