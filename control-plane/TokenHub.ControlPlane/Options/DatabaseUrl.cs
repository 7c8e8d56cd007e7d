using Npgsql;

namespace TokenHub.ControlPlane.Options;

/// <summary>
/// Turns <c>postgres://user:password@host:port/database?option=value</c> into Npgsql's connection string.
/// </summary>
internal static class DatabaseUrl
{
    private const int DefaultPort = 5432;
    private const int CommandTimeoutSeconds = 15;

    public static bool TryParse(string url, out string connection)
    {
        connection = "";
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("postgres" or "postgresql")
            || uri.Host.Length == 0 || uri.AbsolutePath.Length < 2 || uri.AbsolutePath.LastIndexOf('/') > 0
            || uri.UserInfo.Length == 0 || uri.Fragment.Length > 0)
        {
            return false;
        }

        var user = uri.UserInfo.Split(':', 2);
        var builder = new NpgsqlConnectionStringBuilder
        {
            Host = uri.IdnHost.Trim('[', ']'),
            Port = uri.IsDefaultPort || uri.Port < 0 ? DefaultPort : uri.Port,
            Database = Uri.UnescapeDataString(uri.AbsolutePath[1..]),
            Username = Uri.UnescapeDataString(user[0]),
            Password = user.Length > 1 ? Uri.UnescapeDataString(user[1]) : null,
            CommandTimeout = CommandTimeoutSeconds,
            ApplicationName = "tokenhub-control-plane",
        };
        foreach (var pair in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!TrySet(builder, pair.Split('=', 2)))
            {
                return false;
            }
        }

        connection = builder.ConnectionString;
        return true;
    }

    private static bool TrySet(NpgsqlConnectionStringBuilder builder, string[] pair)
    {
        var name = Uri.UnescapeDataString(pair[0]) switch
        {
            "sslmode" => "SSL Mode",
            "sslrootcert" => "Root Certificate",
            "application_name" => "Application Name",
            "connect_timeout" => "Timeout",
            var other => other,
        };
        try
        {
            // Npgsql spells the modes without the dash of libpq: verify-full is VerifyFull.
            var value = pair.Length < 2 ? "" : Uri.UnescapeDataString(pair[1]);
            builder[name] = name == "SSL Mode" ? value.Replace("-", "", StringComparison.Ordinal) : value;
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
