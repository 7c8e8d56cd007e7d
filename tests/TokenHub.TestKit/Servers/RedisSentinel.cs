using System.Globalization;
using System.Text.RegularExpressions;

namespace TokenHub.TestKit.Servers;

/// <summary>A master, a replica, and three sentinels that watch over them.</summary>
public sealed class RedisSentinel : IAsyncDisposable
{
    public const string MasterName = "hub";
    private const int SentinelCount = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly DirectoryInfo _directory;
    private readonly List<(int Port, ChildProcess Process)> _sentinels = [];
    private readonly string _login;
    private readonly string _sentinelLogin;

    private RedisSentinel(RedisServer first, RedisServer second, string password, string sentinelPassword)
    {
        (First, Second) = (first, second);
        _login = password.Length == 0 ? "" : $":{password}@";
        _sentinelLogin = sentinelPassword.Length == 0 ? "" : $"&sentinel_password={sentinelPassword}";
        _directory = Directory.CreateTempSubdirectory("tokenhub-sentinel-");
    }

    /// <summary>Master at the start.</summary>
    public RedisServer First { get; }

    /// <summary>Replica at the start.</summary>
    public RedisServer Second { get; }

    public string Url =>
        $"redis://{_login}{string.Join(',', _sentinels.Select(sentinel => $"127.0.0.1:{sentinel.Port}"))}"
        + $"?mode=sentinel&master={MasterName}{_sentinelLogin}";

    /// <param name="downAfterMs">After so long without an answer the master is given up.</param>
    /// <param name="password">Wanted by the servers; empty for none.</param>
    /// <param name="sentinelPassword">Wanted by the sentinels; empty for none.</param>
    public static async Task<RedisSentinel> StartAsync(
        int downAfterMs = 1000, string password = "", string sentinelPassword = "", bool appendOnly = false)
    {
        string[] login = password.Length == 0 ? [] : ["--requirepass", password, "--masterauth", password];
        var first = await RedisServer.StartAsync(appendOnly, ["--repl-diskless-sync-delay", "0", .. login]);
        var second = await RedisServer.StartAsync(
            appendOnly, ["--replicaof", "127.0.0.1", Text(first.Port), "--repl-diskless-sync-delay", "0", .. login]);
        var set = new RedisSentinel(first, second, password, sentinelPassword);
        try
        {
            for (var i = 0; i < SentinelCount; i++)
            {
                await set.StartSentinelAsync(downAfterMs, password, sentinelPassword);
            }

            await set.WaitAllKnowAsync(sentinelPassword);
            return set;
        }
        catch
        {
            await set.DisposeAsync();
            throw;
        }
    }

    /// <summary>kill -9 of one sentinel.</summary>
    public async Task KillSentinelAsync(int index)
    {
        _sentinels[index].Process.Kill();
        await _sentinels[index].Process.WaitForExitAsync(TimeSpan.FromSeconds(30));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (_, process) in _sentinels)
        {
            await process.DisposeAsync();
        }

        await Second.DisposeAsync();
        await First.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    private async Task StartSentinelAsync(int downAfterMs, string password, string sentinelPassword)
    {
        // A sentinel writes what it learns into the file it was started with.
        var port = FreePort.Next();
        var file = Path.Combine(_directory.FullName, $"{port}.conf");
        List<string> lines =
        [
            "bind 127.0.0.1", $"port {port}", $"dir {_directory.FullName}", "sentinel resolve-hostnames no",
            $"sentinel monitor {MasterName} 127.0.0.1 {First.Port} 2",
            $"sentinel down-after-milliseconds {MasterName} {downAfterMs}",
            $"sentinel failover-timeout {MasterName} 5000",
        ];
        if (password.Length > 0)
        {
            lines.Add($"sentinel auth-pass {MasterName} {password}");
        }

        if (sentinelPassword.Length > 0)
        {
            lines.Add($"requirepass {sentinelPassword}");
            lines.Add($"sentinel sentinel-pass {sentinelPassword}");
        }

        await File.WriteAllLinesAsync(file, lines);
        var process = ChildProcess.Start(RedisServer.FindBinary(), [file, "--sentinel"]);
        _sentinels.Add((port, process));
        await Probe.UntilAsync(
            () => process.HasExited
                ? throw new InvalidOperationException($"the sentinel stopped:\n{process.Output}")
                : Probe.AnswersAsync(port, "PING\r\n", ""),
            Patience,
            $"the sentinel answers on port {port}");
    }

    // A failover needs the sentinels to know one another and the replica.
    private Task WaitAllKnowAsync(string password) => Probe.UntilAsync(
        async () =>
        {
            foreach (var (port, _) in _sentinels)
            {
                var state = await Probe.AskAsync(port, password, "SENTINEL", "MASTER", MasterName);
                if (!Regex.IsMatch(state, @"num-slaves\r\n\$1\r\n1\r\n") || !Regex.IsMatch(state, @"num-other-sentinels\r\n\$1\r\n2\r\n"))
                {
                    return false;
                }
            }

            return true;
        },
        Patience,
        "all sentinels know one another");

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
