using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.Gateway.Tests;

/// <summary>The gateway as a process of its own.</summary>
[Trait("needs", "redis")]
public sealed class ProgramTests
{
    [Fact]
    public async Task Bad_variables_stop_the_start_with_all_faults_at_once()
    {
        await using var process = Start([], ("TOKENHUB_GATEWAY_BIND", "nowhere"), ("TOKENHUB_LOG_LEVEL", "loud"));

        Assert.Equal(2, await process.WaitForExitAsync(TimeSpan.FromSeconds(20)));
        foreach (var name in new[] { "GATEWAY_BIND", "LOG_LEVEL", "REDIS_URL", "MASTER_KEY", "CONTROL_PLANE_URL", "CONTROL_PLANE_TOKEN" })
        {
            Assert.Contains("TOKENHUB_" + name, process.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Help_is_printed_and_an_unknown_argument_refused()
    {
        await using var help = Start(["--help"]);
        await using var unknown = Start(["--port=1"]);

        Assert.Equal(0, await help.WaitForExitAsync(TimeSpan.FromSeconds(20)));
        Assert.Contains("TOKENHUB_MASTER_KEY", help.Output, StringComparison.Ordinal);
        Assert.Equal(2, await unknown.WaitForExitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task Process_starts_serves_and_stops_on_sigterm()
    {
        await using var rig = await GatewayRig.StartAsync();
        var folder = Directory.CreateTempSubdirectory("tokenhub-program-");
        var port = FreePort.Next();
        await using var process = Start(
            [],
            ("TOKENHUB_DATA_DIR", folder.FullName),
            ("TOKENHUB_GATEWAY_BIND", $"127.0.0.1:{port}"),
            ("TOKENHUB_REDIS_URL", rig.Redis.Url),
            ("TOKENHUB_MASTER_KEY", Convert.ToBase64String(TestOptions.MasterKey)),
            ("TOKENHUB_CONTROL_PLANE_URL", rig.Plane.Address.ToString()),
            ("TOKENHUB_CONTROL_PLANE_TOKEN", "plane-token"),
            ("TOKENHUB_GATEWAY_ID", "as-a-process"));
        await process.WaitForOutputAsync("Serving on", TimeSpan.FromSeconds(20));
        using var health = await rig.Http.GetAsync(new Uri($"http://127.0.0.1:{port}/healthz"));
        Assert.Equal(200, (int)health.StatusCode);

        process.Signal(15);

        Assert.Equal(0, await process.WaitForExitAsync(TimeSpan.FromSeconds(20)));
        Assert.Contains("Stopped.", process.Output, StringComparison.Ordinal);
        folder.Delete(recursive: true);
    }

    private static ChildProcess Start(string[] arguments, params (string Name, string Value)[] variables) => ChildProcess.Start(
        "dotnet",
        [typeof(GatewayOptions).Assembly.Location, .. arguments],
        variables.ToDictionary(v => v.Name, v => v.Value));
}
