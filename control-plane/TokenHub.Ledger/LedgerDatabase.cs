using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace TokenHub.Ledger;

/// <summary>Opens the pool of connections to PostgreSQL with the settings that everything here relies on.</summary>
public static class LedgerDatabase
{
    private const int PortDefault = 5432;
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
        settings.ApplicationName ??= "tokenhub";
        settings.MaxPoolSize = Math.Min(settings.MaxPoolSize, PoolSizeMax);
        settings.MaxAutoPrepare = AutoPrepareMax;
        builder.UseLoggerFactory(loggers);
        return builder.Build();
    }

    /// <summary>Turns <c>postgres://user:password@host:port/database?option=value</c> into Npgsql's form.</summary>
    /// <exception cref="FormatException">The text is no such URL. The message shows none of it.</exception>
    public static string ConnectionString(string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("postgres" or "postgresql")
            || uri.Host.Length == 0 || uri.AbsolutePath.Length < 2 || uri.AbsolutePath.LastIndexOf('/') > 0
            || uri.UserInfo.Length == 0 || uri.Fragment.Length > 0)
        {
            throw new FormatException("A database URL reads postgres://user:password@host:port/database.");
        }

        var user = uri.UserInfo.Split(':', 2);
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = uri.IdnHost.Trim('[', ']'),
            Port = uri.Port < 0 ? PortDefault : uri.Port,
            Database = Uri.UnescapeDataString(uri.AbsolutePath[1..]),
            Username = Uri.UnescapeDataString(user[0]),
            Password = user.Length > 1 ? Uri.UnescapeDataString(user[1]) : null,
        };
        foreach (var option in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            Set(settings, option.Split('=', 2));
        }

        return settings.ConnectionString;
    }

    private static void Set(NpgsqlConnectionStringBuilder settings, string[] option)
    {
        var value = option.Length < 2 ? "" : Uri.UnescapeDataString(option[1]);
        try
        {
            switch (Uri.UnescapeDataString(option[0]))
            {
                // Npgsql spells the modes without the dash of libpq: verify-full is VerifyFull.
                case "sslmode":
                    settings["SSL Mode"] = value.Replace("-", "", StringComparison.Ordinal);
                    break;
                case "sslrootcert":
                    settings["Root Certificate"] = value;
                    break;
                case "connect_timeout":
                    settings["Timeout"] = value;
                    break;
                case "application_name":
                    settings["Application Name"] = value;
                    break;
                case var name:
                    settings[name] = value;
                    break;
            }
        }
        catch (ArgumentException)
        {
            throw new FormatException("A database URL has an option that is not known, or a bad value for one.");
        }
    }
}
