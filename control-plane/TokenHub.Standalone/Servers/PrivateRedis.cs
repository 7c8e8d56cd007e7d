using System.Net;
using System.Net.Sockets;
using System.Text;
using TokenHub.Standalone.Processes;
using TokenHub.Standalone.Start;

namespace TokenHub.Standalone.Servers;

/// <summary>
/// A Redis of our own on a loopback port: redis-server or valkey-server where the machine has one, else the pinned .NET
/// tool garnet-server in transaction mode. Nothing in it is the only copy of anything.
/// </summary>
public sealed class PrivateRedis
{
    private readonly string _password;
    private readonly ProcessSpec _server;

    private PrivateRedis(int port, string password, ProcessSpec server)
    {
        Port = port;
        _password = password;
        _server = server;
    }

    public int Port { get; }

    public string Url => $"redis://:{_password}@127.0.0.1:{Port}";

    public static async Task<PrivateRedis> PrepareAsync(
        DataFolder folder, Secrets secrets, Action<string> tell, CancellationToken cancel)
    {
        var port = PortCheck.FreeLoopback();
        var data = folder.EnsureSub("redis");
        var server = CommandLine.Find("redis-server", "valkey-server") is { } native
            ? await NativeAsync(native, port, data, secrets, cancel)
            : await GarnetAsync(port, data, secrets, tell, cancel);
        return new PrivateRedis(port, secrets.RedisPassword, server);
    }

    public ProcessSpec Server() => _server;

    public async Task<bool> IsReadyAsync(CancellationToken cancel)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, Port, cancel);
            var stream = client.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes(
                $"*2\r\n$4\r\nAUTH\r\n${_password.Length}\r\n{_password}\r\n*1\r\n$4\r\nPING\r\n"), cancel);
            var answer = new byte[12];
            await stream.ReadExactlyAsync(answer, cancel);
            return Encoding.ASCII.GetString(answer) == "+OK\r\n+PONG\r\n";
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            return false;
        }
    }

    // The password stands in a file of its owner's, not in the argument list that every user of the machine can read.
    private static async Task<ProcessSpec> NativeAsync(
        string file, int port, string data, Secrets secrets, CancellationToken cancel)
    {
        var configuration = Path.Combine(data, "redis.conf");
        await WriteOwnAsync(
            configuration,
            $"bind 127.0.0.1\nport {port}\ndir {Quote(data)}\nappendonly yes\nappendfsync everysec\nsave \"\"\n"
            + $"requirepass {secrets.RedisPassword}\nmaxmemory-policy noeviction\nlogfile \"\"\n",
            cancel);
        return new ProcessSpec { Name = "redis", File = file, Arguments = [configuration] };
    }

    private static async Task<ProcessSpec> GarnetAsync(
        int port, string data, Secrets secrets, Action<string> tell, CancellationToken cancel)
    {
        var assembly = GarnetAssembly();
        if (assembly is null)
        {
            tell("fetching garnet-server (once)");
            await CommandLine.RunAsync(
                new ProcessSpec
                {
                    Name = "dotnet tool restore", File = Layout.DotNet, Arguments = ["tool", "restore"],
                    WorkingFolder = Layout.Root,
                },
                input: null, TimeSpan.FromMinutes(5), cancel);
            assembly = GarnetAssembly() ?? throw new StartRefusedException(
                "no Redis was found: install redis-server or valkey-server, or set TOKENHUB_REDIS_URL");
        }

        var configuration = Path.Combine(data, "garnet.conf");
        await WriteOwnAsync(
            configuration,
            "{\"Address\":\"127.0.0.1\",\"Port\":" + port + ",\"EnableLua\":true,\"LuaTransactionMode\":true,"
            + "\"MemorySize\":\"256m\",\"IndexSize\":\"64m\",\"PageSize\":\"4m\",\"AuthenticationMode\":\"Password\","
            + "\"Password\":\"" + secrets.RedisPassword + "\"}",
            cancel);
        return new ProcessSpec
        {
            Name = "redis", File = Layout.DotNet, Arguments = ["exec", assembly, "--config-import-path", configuration],
            WorkingFolder = data,
        };
    }

    private static async Task WriteOwnAsync(string path, string text, CancellationToken cancel)
    {
        File.Delete(path);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        await using var file = new FileStream(path, options);
        await file.WriteAsync(Encoding.UTF8.GetBytes(text), cancel);
    }

    private static string Quote(string path) => $"\"{path.Replace("\\", "\\\\").Replace("\"", "\\\"")}\"";

    private static string? GarnetAssembly()
    {
        var packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        var tool = Path.Combine(packages, "garnet-server");
        return Directory.Exists(tool)
            ? Directory.GetFiles(tool, "GarnetServer.dll", SearchOption.AllDirectories).Order().LastOrDefault()
            : null;
    }
}
