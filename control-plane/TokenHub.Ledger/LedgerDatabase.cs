using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace TokenHub.Ledger;

/// <summary>Opens the pool of connections to PostgreSQL with the settings that everything here relies on.</summary>
public static class LedgerDatabase
{
    private const int PoolSizeMax = 40;

    /// <summary>Statements that each connection keeps prepared: the few that run all the time.</summary>
    private const int AutoPrepareMax = 40;

    static LedgerDatabase()
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
    }

    /// <summary>Takes Npgsql's own key-value form. Nothing is connected yet.</summary>
    public static NpgsqlDataSource Open(string connectionString, ILoggerFactory? loggers = null)
    {
        var builder = new NpgsqlDataSourceBuilder(connectionString);
        var settings = builder.ConnectionStringBuilder;
        settings.MaxPoolSize = Math.Min(settings.MaxPoolSize, PoolSizeMax);
        settings.MaxAutoPrepare = AutoPrepareMax;
        builder.UseLoggerFactory(loggers);
        return builder.Build();
    }
}
