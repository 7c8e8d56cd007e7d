using System.Collections.Concurrent;
using TokenHub.Ledger.Draining;

namespace TokenHub.ControlPlane.Events;

/// <summary>
/// Tells consoles of posted usage, gathered over a moment: a busy ledger commits far more often than people look.
/// </summary>
internal sealed class UsageNews(ConsoleNews news, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250);

    /// <summary>More accounts at once are told as "something changed for everybody".</summary>
    private const int AccountsMax = 100;

    private readonly ConcurrentDictionary<long, bool> _accounts = new();

    /// <summary>Never waits; called on the way of every commit.</summary>
    public void Note(PostedBatch batch)
    {
        foreach (var stand in batch.Accounts)
        {
            _accounts[stand.Account] = true;
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var accounts = _accounts.Keys.ToList();
            foreach (var account in accounts)
            {
                _accounts.TryRemove(account, out _);
            }

            IReadOnlyList<long> audiences = accounts.Count > AccountsMax ? [ConsoleEvent.Everyone] : accounts;
            foreach (var audience in audiences)
            {
                news.Publish(Topics.Requests, audience);
                news.Publish(Topics.Wallet, audience);
            }
        }
    }
}
