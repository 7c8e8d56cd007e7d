using System.Net;
using System.Net.Sockets;
using TokenHub.Standalone.Processes;
using TokenHub.Standalone.Start;

namespace TokenHub.Standalone.Servers;

/// <summary>A PostgreSQL of our own in the data folder, on a loopback port, with a password of its own.</summary>
public sealed class PrivatePostgres(DataFolder folder, Secrets secrets, string bin)
{
    private const string User = "tokenhub";

    // What it has in memory is written before it ends, on a disk that may be busy.
    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(10);
    private readonly string _data = folder.Sub("postgres", "data");

    public int Port { get; } = PortCheck.FreeLoopback();

    public string Url => $"postgres://{User}:{secrets.DatabasePassword}@127.0.0.1:{Port}/{User}";

    /// <summary>Makes the cluster at the first start; a cluster left half made by a crash is made again.</summary>
    public async Task InitializeAsync(CancellationToken cancel)
    {
        var done = folder.Sub("postgres", "initialized");
        if (File.Exists(done))
        {
            await OwnAsync(cancel);
            return;
        }

        if (Directory.Exists(_data))
        {
            Directory.Delete(_data, recursive: true);
        }

        folder.EnsureSub("postgres");
        var passwordFile = folder.Sub("postgres", "password");
        await File.WriteAllTextAsync(passwordFile, secrets.DatabasePassword, cancel);
        await OwnAsync(cancel);
        await CommandLine.RunAsync(
            Spec("initdb",
            [
                "-D", _data, "-U", User, "--auth=scram-sha-256", $"--pwfile={passwordFile}",
                "--encoding=UTF8", "--no-locale",
            ]),
            input: null, TimeSpan.FromSeconds(60), cancel);
        File.Delete(passwordFile);
        await CommandLine.RunAsync(
            Spec("postgres", ["--single", "-D", _data, "postgres"]),
            $"create database {User};\n", TimeSpan.FromSeconds(60), cancel);
        await File.WriteAllTextAsync(done, "", cancel);
    }

    public ProcessSpec Server() => Spec(
        "postgres",
        [
            "-D", _data, "-p", $"{Port}", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
            "-c", "max_connections=100",
        ]) with { StopSignal = Signals.Interrupt, StopWithin = StopWithin };

    /// <summary>
    /// True once it answers: one 'N' to a request for TLS is the first thing a server that accepts calls says.
    /// </summary>
    public async Task<bool> IsReadyAsync(CancellationToken cancel)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, Port, cancel);
            await client.GetStream().WriteAsync(new byte[] { 0, 0, 0, 8, 4, 0xD2, 0x16, 0x2F }, cancel);
            var answer = new byte[1];
            return await client.GetStream().ReadAsync(answer, cancel) == 1 && answer[0] == (byte)'N';
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            return false;
        }
    }

    private ProcessSpec Spec(string program, IReadOnlyList<string> arguments) =>
        new() { Name = program, File = Path.Combine(bin, program), Arguments = arguments, AsNobody = true };

    // Started by root the server runs as nobody and must own its folder; a moved or restored folder may not be its own.
    private async Task OwnAsync(CancellationToken cancel)
    {
        if (Environment.UserName == "root")
        {
            await CommandLine.RunAsync(
                new ProcessSpec
                {
                    Name = "chown", File = "/bin/chown", Arguments = ["-R", "nobody", folder.Sub("postgres")],
                },
                input: null, TimeSpan.FromSeconds(60), cancel);
        }
    }
}
