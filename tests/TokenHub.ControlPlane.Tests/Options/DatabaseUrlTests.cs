using Npgsql;
using TokenHub.ControlPlane.Options;

namespace TokenHub.ControlPlane.Tests.Options;

public sealed class DatabaseUrlTests
{
    [Theory]
    [InlineData("postgres://u:p@h/d", "h", 5432, "u", "p", "d")]
    [InlineData("postgresql://u:p@h:6000/d", "h", 6000, "u", "p", "d")]
    [InlineData("postgres://u@h/d", "h", 5432, "u", null, "d")]
    [InlineData("postgres://u%40x:p%2F%3A@h/d%20e", "h", 5432, "u@x", "p/:", "d e")]
    [InlineData("postgres://u:p@[::1]:5000/d", "::1", 5000, "u", "p", "d")]
    [InlineData("postgres://u:a:b@h/d", "h", 5432, "u", "a:b", "d")]
    public void Url_becomes_a_connection_string(
        string url, string host, int port, string user, string? password, string database)
    {
        Assert.True(DatabaseUrl.TryParse(url, out var text));

        var parts = new NpgsqlConnectionStringBuilder(text);
        Assert.Equal((host, port, user, password, database),
            (parts.Host, parts.Port, parts.Username, parts.Password, parts.Database));
    }

    [Fact]
    public void Options_of_libpq_are_understood()
    {
        Assert.True(DatabaseUrl.TryParse("postgres://u:p@h/d?sslmode=verify-full&connect_timeout=3", out var text));

        var parts = new NpgsqlConnectionStringBuilder(text);
        Assert.Equal(SslMode.VerifyFull, parts.SslMode);
        Assert.Equal(3, parts.Timeout);
    }
}
