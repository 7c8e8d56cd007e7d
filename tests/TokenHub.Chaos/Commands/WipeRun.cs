using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using TokenHub.Chaos.Faults;
using TokenHub.Chaos.Faults.Stores;
using TokenHub.Chaos.Invariants;
using TokenHub.Chaos.Rigs;

namespace TokenHub.Chaos.Commands;

/// <summary>
/// Redis is wiped under load with many accounts in it; the time to the first served request is taken.
/// </summary>
internal sealed class WipeRun(Settings settings, CancellationToken cancel)
{
    private static readonly TimeSpan ServedWithin = TimeSpan.FromSeconds(5);
    private const int AtOnce = 32;

    public async Task<bool> RunAsync()
    {
        var accounts = settings.Number("accounts", 100_000);
        await using var rig = await Rig.StartAsync(new RigOptions(settings.Backend, settings.Seed), cancel);
        var clock = Stopwatch.StartNew();
        await AddAccountsAsync(rig, accounts);
        Console.WriteLine($"{accounts} accounts in PostgreSQL after {clock.Elapsed.TotalSeconds:0} s");
        await HydrateAsync(rig);
        Console.WriteLine($"and in Redis after {clock.Elapsed.TotalSeconds:0} s");
        rig.Swarm.Start(20);
        var trial = new Trial(rig, settings.Seed, isLong: true, cancel);
        await trial.PauseAsync(3000);
        var wrong = new List<string>();
        for (var round = 0; round < settings.Number("rounds", 3); round++)
        {
            await WipeAsync(trial, wrong);
        }

        await rig.Swarm.StopAsync();
        var rest = await Checklist.RestAsync(rig, Checklist.QuietWithin, new HashSet<string>(), cancel);
        wrong.AddRange(rest.Wrong);
        wrong.AddRange(await Checklist.CheckAsync(rig));
        wrong.Take(20).ToList().ForEach(line => Console.WriteLine($"    {line}"));
        Console.WriteLine(wrong.Count == 0 ? "1 passed, 0 failed" : "0 passed, 1 failed");
        return wrong.Count == 0;
    }

    private static async Task WipeAsync(Trial trial, List<string> wrong)
    {
        StoreLoss.GrantLostHolds(trial);
        await StoreLoss.PlayAsync(trial, store => store.Wipe(), downMs: 0);
        var clock = Stopwatch.StartNew();
        var served = await trial.WaitAsync(async () => (await trial.CallAsync(0)).IsWhole, TimeSpan.FromSeconds(60));
        var first = clock.Elapsed;
        var both = await trial.WaitAsync(async () => (await trial.CallAsync(1)).IsWhole, TimeSpan.FromSeconds(60));
        Console.WriteLine(
            $"wiped: first request served after {first.TotalSeconds:0.00} s, at both gateways after {clock.Elapsed.TotalSeconds:0.00} s");
        if (!served || !both || first > ServedWithin)
        {
            wrong.Add($"the first request was served {first.TotalSeconds:0.0} s after a wipe, not {ServedWithin.TotalSeconds} s");
        }

        await trial.PauseAsync(3000);
    }

    private static Task AddAccountsAsync(Rig rig, int accounts) => rig.Database.ExecuteAsync(
        $"""
        insert into users (email, password_hash, role)
        select 'crowd' || n || '@example.com', 'none', 'member' from generate_series(1, {accounts}) n;
        insert into api_keys (user_id, name, secret_hash, shown)
        select id, 'crowd', sha256(email::bytea), 'sk-hub-crowd' from users where email like 'crowd%';
        """);

    private async Task HydrateAsync(Rig rig)
    {
        var pairs = await rig.Database.ReadAsync(
            "select user_id, id from api_keys where name = 'crowd'", row => (Account: row.GetInt64(0), Key: row.GetInt64(1)));
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Canaries.PlaneToken);
        var url = new Uri(rig.ControlPlanes[0].Url + "/internal/v1/hydrate");
        await Parallel.ForEachAsync(
            pairs, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel }, async (pair, token) =>
            {
                var body = $$"""{"account":{{pair.Account}},"key":{{pair.Key}}}""";
                using var content = new StringContent(body, Encoding.UTF8, "application/json");
                using var answer = await http.PostAsync(url, content, token);
                answer.EnsureSuccessStatusCode();
            });
    }
}
