using Dapper;
using Npgsql;
using TokenHub.ControlPlane.Changes;

namespace TokenHub.ControlPlane.Channels;

/// <summary>
/// Keeps refresh tokens that an issuer has given in the place of others: whoever sealed the last one that is stored
/// replaces it, a later report of an earlier one changes nothing.
/// </summary>
internal sealed class ReplacedCredentials(NpgsqlDataSource database, CredentialSeal seal, ChangeNotices changes)
{
    private const string ReplaceSql = """
        update channels
        set sealed_credential = @Sealed
        where id = @Id and sealed_credential = @Before and status <> 'deleted'
        returning owner_user_id
        """;

    /// <summary>Keeps what an upstream's issuer has given, if it has.</summary>
    public async Task KeepAsync(ChannelUpstream upstream, CancellationToken cancellation)
    {
        if (upstream.Replaced is { } secret)
        {
            var row = upstream.Row;
            await ReplaceAsync(
                row.Id, row.SealedCredential, seal.SealAgain(row.Id, row.OwnerUserId, secret.Write()), cancellation);
        }
    }

    /// <summary>False when another credential is stored by now.</summary>
    public async Task<bool> ReplaceAsync(long channel, string before, string sealedText, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var rows = (await connection.QueryAsync<long?>(new CommandDefinition(
            ReplaceSql, new { Id = channel, Before = before, Sealed = sealedText }, cancellationToken: cancellation)))
            .AsList();
        if (rows.Count == 0)
        {
            return false;
        }

        await changes.ChannelChangedAsync(channel, rows[0]);
        return true;
    }
}
