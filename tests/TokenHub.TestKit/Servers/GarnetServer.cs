namespace TokenHub.TestKit.Servers;

/// <summary>A private garnet-server (the .NET tool pinned in the repository) on a free port.</summary>
public sealed class GarnetServer : IAsyncDisposable
{
    private readonly ChildProcess _process;

    private GarnetServer(int port, ChildProcess process)
    {
        Port = port;
        _process = process;
    }

    public int Port { get; }

    public string Url => $"redis://127.0.0.1:{Port}";

    public void Signal(int signal) => _process.Signal(signal);

    /// <param name="transactionMode">Without it scripts are not isolated from one another; TokenHub must refuse such a server.</param>
    public static async Task<GarnetServer> StartAsync(bool transactionMode = true, int port = 0)
    {
        port = port == 0 ? FreePort.Next() : port;
        List<string> arguments =
        [
            "exec", ToolAssembly(), "--bind", "127.0.0.1", "--port", $"{port}", "--lua",
            "--memory", "64m", "--index", "16m", "--page", "4m",
        ];
        if (transactionMode)
        {
            arguments.Add("--lua-transaction-mode");
        }

        var process = ChildProcess.Start("dotnet", arguments);
        var server = new GarnetServer(port, process);
        try
        {
            await Probe.UntilAsync(
                () => process.HasExited
                    ? throw new InvalidOperationException($"garnet-server stopped:\n{process.Output}")
                    : Probe.AnswersAsync(port, "PING\r\n", "+PONG"),
                TimeSpan.FromSeconds(30),
                $"garnet-server answers on port {port}");
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    // Run as `dotnet exec`: `dotnet tool run` puts a process of its own in between, and killing that leaves the server.
    private static string ToolAssembly()
    {
        var packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        var tool = Path.Combine(packages, "garnet-server");
        return Directory.Exists(tool)
            ? Directory.GetFiles(tool, "GarnetServer.dll", SearchOption.AllDirectories).Order().Last()
            : throw new FileNotFoundException("These tests need garnet-server: run 'dotnet tool restore' first.");
    }
}
