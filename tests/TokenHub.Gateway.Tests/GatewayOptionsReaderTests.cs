using System.Net;
using Xunit;

namespace TokenHub.Gateway.Tests;

public sealed class GatewayOptionsReaderTests
{
    private static readonly string Key = Convert.ToBase64String(Enumerable.Range(1, 32).Select(i => (byte)i).ToArray());

    [Fact]
    public void Required_variables_and_nothing_else_give_the_defaults()
    {
        Assert.True(GatewayOptionsReader.TryRead(Environment(), out var options, out var faults), string.Join('\n', faults));

        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 8080), options.Bind);
        Assert.Equal(20 << 20, options.BodyBytesMax);
        Assert.Equal(Path.Combine(options.DataDir, "wal"), options.WalDir);
        Assert.False(options.AllowPrivateUpstreams);
        Assert.Equal(32, options.MasterKey.Length);
    }

    [Fact]
    public void Every_fault_is_told_at_once_and_no_secret_is_repeated()
    {
        var read = GatewayOptionsReader.TryRead(
            Environment(
                ("GATEWAY_BIND", "8080"),
                ("REDIS_URL", "http://user:hunter2@host"),
                ("MASTER_KEY", "c2hvcnQ="),
                ("CONTROL_PLANE_URL", "not a url"),
                ("CONTROL_PLANE_TOKEN", ""),
                ("GATEWAY_ID", "has space"),
                ("ALLOW_PRIVATE_UPSTREAMS", "maybe"),
                ("TRUSTED_PROXIES", "10.0.0.0/8, 10.0.0.0/33"),
                ("LOG_LEVEL", "loud"),
                ("BODY_BYTES_MAX", "-1"),
                ("DRAIN_SECONDS", "0")),
            out _,
            out var faults);

        Assert.False(read);
        Assert.Equal(11, faults.Count);
        Assert.All(faults, fault => Assert.StartsWith("TOKENHUB_", fault, StringComparison.Ordinal));
        Assert.DoesNotContain("hunter2", string.Join('\n', faults), StringComparison.Ordinal);
        Assert.DoesNotContain("c2hvcnQ", string.Join('\n', faults), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.0.0.0:80", "0.0.0.0", 80)]
    [InlineData("[::1]:9000", "::1", 9000)]
    [InlineData("*:8080", "::", 8080)]
    [InlineData("localhost:1234", "127.0.0.1", 1234)]
    public void Bind_takes_the_usual_spellings(string text, string address, int port)
    {
        Assert.True(GatewayOptionsReader.TryRead(Environment(("GATEWAY_BIND", text)), out var options, out _));

        Assert.Equal(new IPEndPoint(IPAddress.Parse(address), port), options.Bind);
    }

    [Fact]
    public void An_all_zero_master_key_is_refused()
    {
        var zero = Convert.ToBase64String(new byte[32]);

        Assert.False(GatewayOptionsReader.TryRead(Environment(("MASTER_KEY", zero)), out _, out var faults));

        Assert.Contains("TOKENHUB_MASTER_KEY", Assert.Single(faults), StringComparison.Ordinal);
    }

    [Fact]
    public void Help_names_every_variable_that_is_read()
    {
        var asked = new HashSet<string>();
        GatewayOptionsReader.TryRead(name => { asked.Add(name); return null; }, out _, out _);
        var help = new StringWriter();

        GatewayOptionsReader.WriteHelp(help);

        Assert.Equal(
            asked.Order(StringComparer.Ordinal),
            GatewayOptionsReader.Variables.Select(v => GatewayOptionsReader.Prefix + v.Name).Order(StringComparer.Ordinal));
        Assert.All(asked, name => Assert.Contains(name, help.ToString(), StringComparison.Ordinal));
    }

    private static Func<string, string?> Environment(params (string Name, string Value)[] more)
    {
        var values = new Dictionary<string, string>
        {
            ["TOKENHUB_REDIS_URL"] = "redis://127.0.0.1:6379",
            ["TOKENHUB_MASTER_KEY"] = Key,
            ["TOKENHUB_CONTROL_PLANE_URL"] = "http://127.0.0.1:8090",
            ["TOKENHUB_CONTROL_PLANE_TOKEN"] = "token",
            ["TOKENHUB_GATEWAY_ID"] = "g1",
        };
        foreach (var (name, value) in more)
        {
            values["TOKENHUB_" + name] = value;
        }

        return name => values.GetValueOrDefault(name);
    }
}
