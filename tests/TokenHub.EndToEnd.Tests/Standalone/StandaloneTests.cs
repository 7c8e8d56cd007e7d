using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using TokenHub.Standalone.Processes;
using TokenHub.TestKit;
using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.EndToEnd.Tests.Standalone;

public sealed class StandaloneTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tokenhub-standalone-");

    private string Data => Path.Combine(_folder.FullName, "data");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Interrupted_with_its_whole_process_group_it_stops_in_order_and_leaves_nothing()
    {
        await using var run = await StandaloneRun.StartAsync(Data);
        var children = run.Children();

        var clock = Stopwatch.StartNew();
        var exit = await run.InterruptAsync(TimeSpan.FromSeconds(40));

        Assert.Equal(0, exit);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(40));
        Assert.EndsWith("stopped\n", run.Output, StringComparison.Ordinal);
        Assert.All(children, child => Assert.False(Signals.IsAlive(child.Value), child.Key));
        Assert.Contains("database system is shut down", await ReadLogAsync("postgres"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_one_in_the_same_folder_is_refused_with_a_clear_word()
    {
        await using var first = await StandaloneRun.StartAsync(Data);
        await using var second = StandaloneRun.Launch(Data);

        Assert.Equal(1, await second.WaitForExitAsync(TimeSpan.FromSeconds(20)));
        Assert.Contains("another TokenHub is running on the data folder", second.Output, StringComparison.Ordinal);
        Assert.True(await first.IsServingAsync());
    }

    [Theory]
    [InlineData("TOKENHUB_GATEWAY_BIND")]
    [InlineData("TOKENHUB_CONSOLE_BIND")]
    public async Task A_taken_port_is_named_before_anything_starts(string variable)
    {
        using var holder = new TcpListener(IPAddress.Loopback, 0);
        holder.Start();
        var taken = holder.LocalEndpoint.ToString()!;

        await using var run = StandaloneRun.Launch(Data, environment: new() { [variable] = taken });

        Assert.Equal(1, await run.WaitForExitAsync(TimeSpan.FromSeconds(20)));
        Assert.Contains($"{taken} is taken by another program; stop it, or set {variable}", run.Output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(Data, "postgres")));
    }

    [Fact]
    public async Task Bad_variables_are_told_all_at_once()
    {
        await using var run = StandaloneRun.Launch(Data, environment: new()
        {
            ["TOKENHUB_GATEWAY_BIND"] = "nowhere",
            ["TOKENHUB_DATABASE_URL"] = "mysql://root:secret@db/x",
            ["TOKENHUB_MASTER_KEY"] = "short",
        });

        Assert.Equal(2, await run.WaitForExitAsync(TimeSpan.FromSeconds(20)));
        Assert.Contains("TOKENHUB_GATEWAY_BIND", run.Output, StringComparison.Ordinal);
        Assert.Contains("TOKENHUB_DATABASE_URL", run.Output, StringComparison.Ordinal);
        Assert.Contains("TOKENHUB_MASTER_KEY", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_killed_child_is_started_again_and_everything_serves()
    {
        await using var run = await StandaloneRun.StartAsync(Data);
        foreach (var name in new[] { "gateway", "control-plane", "redis", "postgres" })
        {
            var before = run.Children()[name];
            KillNow(before);

            await Probe.UntilAsync(
                async () => run.Children().GetValueOrDefault(name) is var id and not 0 && id != before
                    && await run.IsServingAsync(),
                TimeSpan.FromSeconds(40),
                $"{name} is back and all of it serves");
        }
    }

    [Fact]
    public async Task After_its_own_death_the_next_start_cleans_up_and_serves()
    {
        IReadOnlyDictionary<string, int> orphans;
        await using (var first = await StandaloneRun.StartAsync(Data))
        {
            orphans = first.Children();
            await first.KillAsync();
        }

        await using var second = await StandaloneRun.StartAsync(Data);

        Assert.Contains("stopped what an earlier run left behind", second.Output, StringComparison.Ordinal);
        Assert.All(orphans, orphan => Assert.False(Signals.IsAlive(orphan.Value), orphan.Key));
    }

    [Fact]
    public async Task A_data_folder_that_was_moved_is_used_where_it_is_now()
    {
        string password;
        await using (var first = await StandaloneRun.StartAsync(Data))
        {
            password = first.AdminPassword;
        }

        var moved = Path.Combine(_folder.FullName, "moved here");
        Directory.Move(Data, moved);
        await using var second = await StandaloneRun.StartAsync(moved);

        using var api = new ConsoleApi(second.ConsoleUrl);
        await api.SignInAsync("admin@localhost", password);
    }

    [Fact]
    public async Task Under_a_folder_closed_to_others_it_starts_all_the_same()
    {
        var closed = Path.Combine(_folder.FullName, "closed");
        Directory.CreateDirectory(closed, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        await using var run = await StandaloneRun.StartAsync(Path.Combine(closed, "data"));

        Assert.True(await run.IsServingAsync());
    }

    [Fact]
    public async Task Secrets_are_readable_by_their_owner_alone()
    {
        await using var run = await StandaloneRun.StartAsync(Data);

        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(Data, "secrets.json")));
        var passwords = await File.ReadAllTextAsync(Path.Combine(Data, "secrets.json"));
        var database = System.Text.RegularExpressions.Regex.Match(passwords, "\"database_password\": \"(\\w+)\"").Groups[1].Value;
        Assert.NotEmpty(database);
        foreach (var log in Directory.GetFiles(Path.Combine(Data, "logs")))
        {
            Assert.DoesNotContain(database, await ReadSharedAsync(log), StringComparison.Ordinal);
        }
    }

    private static void KillNow(int processId)
    {
        using var process = Process.GetProcessById(processId);
        process.Kill();
    }

    private Task<string> ReadLogAsync(string name) => ReadSharedAsync(Path.Combine(Data, "logs", name + ".log"));

    private static async Task<string> ReadSharedAsync(string path)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return await reader.ReadToEndAsync();
    }
}
