using TokenHub.Standalone.Processes;
using TokenHub.Standalone.Site;
using TokenHub.Standalone.Start;

namespace TokenHub.Standalone;

/// <summary>How the planes are started: as they would be in any deployment, by their variables alone.</summary>
public sealed class PlaneProcesses(
    StandaloneOptions options, DataFolder folder, Secrets secrets, string databaseUrl, string redisUrl)
{
    public const string DefaultAdminEmail = "admin@localhost";

    /// <summary>
    /// Bad settings (2) and an unsafe or unusable neighbour (3): starting again would change nothing.
    /// </summary>
    private static readonly int[] FinalExitCodes = [2, 3];

    public ProcessSpec ControlPlane() => Plane("control-plane", Layout.ControlPlane, new Dictionary<string, string>
    {
        ["TOKENHUB_DATABASE_URL"] = databaseUrl,
        ["TOKENHUB_ADMIN_EMAIL"] = options.AdminEmail ?? DefaultAdminEmail,
        ["TOKENHUB_ADMIN_PASSWORD"] = options.AdminPassword ?? secrets.AdminPassword,
        ["TOKENHUB_SESSION_SECRET"] = secrets.SessionSecret,
        ["TOKENHUB_CONSOLE_FILES"] =
            Environment.GetEnvironmentVariable("TOKENHUB_CONSOLE_FILES") ?? ConsoleBuild.FolderOf(Layout.Web),
    });

    public ProcessSpec Gateway() => Plane("gateway", Layout.Gateway, new Dictionary<string, string>
    {
        ["TOKENHUB_CONTROL_PLANE_URL"] = options.ConsoleUrl,
        ["TOKENHUB_GATEWAY_ID"] = Environment.GetEnvironmentVariable("TOKENHUB_GATEWAY_ID") ?? "standalone",
    });

    /// <summary>The load tests' mock upstream, answering in every dialect on a loopback port.</summary>
    public static ProcessSpec DemoUpstream(int port) => new()
    {
        Name = "demo-upstream", File = Layout.DotNet, Arguments = ["exec", Layout.MockUpstream, "--port", $"{port}"],
    };

    private ProcessSpec Plane(string name, string assembly, Dictionary<string, string> own)
    {
        var environment = new Dictionary<string, string>(own)
        {
            ["TOKENHUB_DATA_DIR"] = folder.EnsureSub(name),
            ["TOKENHUB_GATEWAY_BIND"] = options.GatewayBind.ToString(),
            ["TOKENHUB_CONSOLE_BIND"] = options.ConsoleBind.ToString(),
            ["TOKENHUB_REDIS_URL"] = redisUrl,
            ["TOKENHUB_MASTER_KEY"] = options.MasterKey ?? secrets.MasterKey,
            ["TOKENHUB_CONTROL_PLANE_TOKEN"] =
                Environment.GetEnvironmentVariable("TOKENHUB_CONTROL_PLANE_TOKEN") ?? secrets.ControlPlaneToken,
        };
        if (options.IsDemo)
        {
            // The demo's upstream is on this machine and speaks plain HTTP.
            environment["TOKENHUB_ALLOW_PRIVATE_UPSTREAMS"] = "true";
            environment["TOKENHUB_ALLOW_INSECURE_UPSTREAMS"] = "true";
        }

        return new ProcessSpec
        {
            Name = name, File = Layout.DotNet, Arguments = ["exec", assembly], Environment = environment,
            FinalExitCodes = FinalExitCodes,
        };
    }
}
