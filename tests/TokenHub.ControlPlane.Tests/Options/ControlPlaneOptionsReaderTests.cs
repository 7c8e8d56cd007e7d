using Microsoft.Extensions.Logging;
using TokenHub.ControlPlane.Options;

namespace TokenHub.ControlPlane.Tests.Options;

public sealed class ControlPlaneOptionsReaderTests
{
    private static readonly string Key = Convert.ToBase64String([.. Enumerable.Range(0, 32).Select(i => (byte)i)]);

    private static readonly Dictionary<string, string> Good = new()
    {
        ["TOKENHUB_DATABASE_URL"] = "postgres://hub:secret@db.example.com:5433/hub",
        ["TOKENHUB_REDIS_URL"] = "redis://redis.example.com:6380",
        ["TOKENHUB_MASTER_KEY"] = Key,
        ["TOKENHUB_CONTROL_PLANE_TOKEN"] = "0123456789abcdef",
    };

    [Fact]
    public void Required_variables_are_enough()
    {
        var options = Read(Good, out var faults);

        Assert.Empty(faults);
        Assert.NotNull(options);
        Assert.Equal("127.0.0.1:8090", options.ConsoleBind.ToString());
        Assert.Equal("admin@localhost", options.AdminEmail);
        Assert.Null(options.AdminPassword);
        Assert.False(options.AllowPrivateUpstreams);
        Assert.False(options.AllowInsecureUpstreams);
        Assert.Equal(LogLevel.Information, options.LogLevel);
        Assert.Equal(32, options.SessionSecret.Length);
        Assert.Equal(6380, options.Redis.Port);
        Assert.Contains("Port=5433", options.DatabaseConnection, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_set_names_every_required_variable_at_once()
    {
        Assert.Null(Read([], out var faults));

        Assert.Equal(
            [
                "TOKENHUB_DATABASE_URL is required",
                "TOKENHUB_REDIS_URL is required",
                "TOKENHUB_MASTER_KEY is required",
                "TOKENHUB_CONTROL_PLANE_TOKEN is required",
            ],
            faults);
    }

    [Theory]
    [InlineData("DATABASE_URL", "mysql://u:p@h/d")]
    [InlineData("DATABASE_URL", "postgres://u:p@h")]
    [InlineData("DATABASE_URL", "postgres://h/d")]
    [InlineData("DATABASE_URL", "postgres://u:p@h/d?no_such_option=1")]
    [InlineData("DATABASE_URL", "Host=h;Username=u")]
    [InlineData("REDIS_URL", "http://h")]
    [InlineData("REDIS_URL", "h:6379")]
    [InlineData("MASTER_KEY", "not base64!")]
    [InlineData("MASTER_KEY", "c2hvcnQ=")]
    [InlineData("MASTER_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("CONTROL_PLANE_TOKEN", "short")]
    [InlineData("SESSION_SECRET", "short")]
    [InlineData("CONSOLE_BIND", "8090")]
    [InlineData("CONSOLE_BIND", "console.example.com:8090")]
    [InlineData("CONSOLE_BIND", "127.0.0.1:99999")]
    [InlineData("CONSOLE_BIND", "::1:8090")]
    [InlineData("ADMIN_EMAIL", "nobody")]
    [InlineData("ADMIN_PASSWORD", "short")]
    [InlineData("ALLOW_PRIVATE_UPSTREAMS", "yes")]
    [InlineData("ALLOW_INSECURE_UPSTREAMS", "2")]
    [InlineData("TRUSTED_PROXIES", "10.0.0.0/33")]
    [InlineData("TRUSTED_PROXIES", "10.0.0.1/8")]
    [InlineData("TRUSTED_PROXIES", "127.1")]
    [InlineData("CORS_ORIGINS", "example.com")]
    [InlineData("CORS_ORIGINS", "https://example.com/path")]
    [InlineData("CORS_ORIGINS", "*")]
    [InlineData("LOG_LEVEL", "loud")]
    public void Bad_value_is_a_fault_that_names_the_variable_and_not_the_value(string name, string value)
    {
        var variables = new Dictionary<string, string>(Good) { ["TOKENHUB_" + name] = value };

        Assert.Null(Read(variables, out var faults));

        var fault = Assert.Single(faults);
        Assert.StartsWith("TOKENHUB_" + name + " ", fault, StringComparison.Ordinal);
        if (name is "DATABASE_URL" or "REDIS_URL" or "MASTER_KEY" or "CONTROL_PLANE_TOKEN")
        {
            Assert.DoesNotContain(value, fault, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void All_faults_are_listed_at_once()
    {
        var variables = new Dictionary<string, string>(Good)
        {
            ["TOKENHUB_MASTER_KEY"] = "x",
            ["TOKENHUB_CONSOLE_BIND"] = "x",
            ["TOKENHUB_LOG_LEVEL"] = "x",
        };

        Read(variables, out var faults);

        Assert.Equal(3, faults.Count);
    }

    [Fact]
    public void Values_reach_the_options()
    {
        var variables = new Dictionary<string, string>(Good)
        {
            ["TOKENHUB_CONSOLE_BIND"] = "[::]:9000",
            ["TOKENHUB_ADMIN_EMAIL"] = "Boss@Example.com",
            ["TOKENHUB_ADMIN_PASSWORD"] = " with blanks around ",
            ["TOKENHUB_ALLOW_PRIVATE_UPSTREAMS"] = "true",
            ["TOKENHUB_TRUSTED_PROXIES"] = "10.0.0.0/8, 192.168.1.1",
            ["TOKENHUB_CORS_ORIGINS"] = "https://a.example.com,https://b.example.com:8443",
            ["TOKENHUB_LOG_LEVEL"] = "debug",
        };

        var options = Read(variables, out var faults);

        Assert.Empty(faults);
        Assert.Equal("[::]:9000", options!.ConsoleBind.ToString());
        Assert.Equal("boss@example.com", options.AdminEmail);
        Assert.Equal(" with blanks around ", options.AdminPassword);
        Assert.True(options.AllowPrivateUpstreams);
        Assert.Equal(["10.0.0.0/8", "192.168.1.1/32"], options.TrustedProxies.Select(n => n.ToString()));
        Assert.Equal(["https://a.example.com", "https://b.example.com:8443"], options.CorsOrigins);
        Assert.Equal(LogLevel.Debug, options.LogLevel);
    }

    [Fact]
    public void Session_secret_changes_with_the_master_key_unless_it_is_set()
    {
        var other = Convert.ToBase64String([.. Enumerable.Range(1, 32).Select(i => (byte)i)]);
        var changed = new Dictionary<string, string>(Good) { ["TOKENHUB_MASTER_KEY"] = other };
        var first = new Dictionary<string, string>(Good) { ["TOKENHUB_SESSION_SECRET"] = "a session secret" };
        var second = new Dictionary<string, string>(changed) { ["TOKENHUB_SESSION_SECRET"] = "a session secret" };

        Assert.NotEqual(Read(Good, out _)!.SessionSecret, Read(changed, out _)!.SessionSecret);
        Assert.Equal(Read(first, out _)!.SessionSecret, Read(second, out _)!.SessionSecret);
    }

    private static ControlPlaneOptions? Read(Dictionary<string, string> variables, out IReadOnlyList<string> faults) =>
        ControlPlaneOptionsReader.Read(variables.GetValueOrDefault, out faults);
}
