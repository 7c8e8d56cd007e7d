using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;
using TokenHub.ControlPlane.Metrics;
using TokenHub.Ledger.Balances;
using TokenHub.Ledger.Draining;
using TokenHub.Ledger.Gateways;
using TokenHub.Ledger.Holds;
using TokenHub.Ledger.Postings;
using TokenHub.Ledger.Quota;
using TokenHub.Ledger.Rebuilding;
using TokenHub.Ledger.Requests;
using TokenHub.Redis;

namespace TokenHub.ControlPlane.Internal;

internal static class LedgerSetup
{
    /// <summary>
    /// Adds the ledger and what runs behind it. The host has added an <see cref="NpgsqlDataSource"/> (from
    /// <see cref="Ledger.LedgerDatabase.Open"/>, migrated) and a <see cref="RedisClient"/>.
    /// </summary>
    public static IServiceCollection AddLedger(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => new Till(provider.GetRequiredService<RedisClient>().Runner));
        return services
            .AddSingleton<LiveBalances>()
            .AddSingleton<GatewayLeases>()
            .AddSingleton<RedisWatch>()
            .AddSingleton<Recheck>()
            .AddSingleton<ShardBuilder>()
            .AddSingleton<Hydrator>()
            .AddSingleton<WindowUsage>()
            .AddSingleton<Wallets>()
            .AddSingleton<Acknowledger>()
            .AddSingleton(CreateIngest)
            .AddSingleton<OutboxSweep>()
            .AddSingleton<Reaper>()
            .AddSingleton<GatewayRegistry>()
            .AddSingleton(CreateCredits)
            .AddSingleton<PostingReads>()
            .AddSingleton<RequestReads>()
            .AddSingleton<MoneyMetrics>()
            .AddHostedService<LedgerLoops>()
            .AddHostedService<RedisWatchLoop>();
    }

    private static UsageIngest CreateIngest(IServiceProvider provider) => new(
        provider.GetRequiredService<NpgsqlDataSource>(),
        provider.GetRequiredService<Acknowledger>().Enqueue,
        provider.GetRequiredService<TimeProvider>(),
        provider.GetRequiredService<ILogger<UsageIngest>>());

    private static Credits CreateCredits(IServiceProvider provider)
    {
        var balances = provider.GetRequiredService<LiveBalances>();
        return new Credits(
            provider.GetRequiredService<NpgsqlDataSource>(), balances.TryTellAsync, balances.ReadCommittedAsync);
    }
}
