using System.Security.Cryptography;
using TokenHub.Ledger.Reconciliation;
using TokenHub.Ledger.Sealing;
using TokenHub.Ledger.Tests.Fixtures;

namespace TokenHub.Ledger.Tests.Sealing;

/// <summary>Heads of the chain beside the database: a chain that its owner made anew is found all the same.</summary>
[Trait("needs", "postgres")]
public sealed class HeadBookTests(LedgerServers servers) : IDisposable
{
    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(32);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tokenhub-heads-");

    private string FilePath => Path.Combine(_folder.FullName, "chain-heads");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Chain_that_was_made_anew_is_found_by_the_running_control_plane_and_by_verification()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Core.Money.Usd.FromDollars(10));
        var keeper = new HeadKeeper(bank.Database, HeadBook.Open(_folder.FullName, Key, null));
        for (var i = 0; i < 4; i++)
        {
            await bank.Ingest().IngestAsync(1, 1, Batches.Of(bank.Request(caller)));
            await SealAsync(bank);
            await keeper.KeepAsync();
            await keeper.KeepAsync();
        }

        var sound = await new Verify(bank.Database, Book()).RunAsync();
        Assert.True(sound.Ok, string.Join('\n', sound.Problems));
        Assert.Equal((4L, 4), (sound.Chain.Seals, sound.Chain.HeadsKept));

        // All of it, from the first seal on, by whoever may do anything in the database.
        await bank.PlantAsync("update transfers set reason = 'another' where id = (select max(id) from transfers)");
        await bank.PlantAsync("delete from transfer_seals");
        await SealAsync(bank);
        Assert.True((await new Verify(bank.Database).RunAsync()).Ok);
        await keeper.KeepAsync();

        Assert.Equal("seal 4 is not the one whose head was kept", keeper.Fault);
        Assert.Equal(4, Book().Read().Heads.Count);
        var report = await new Verify(bank.Database, Book()).RunAsync();
        Assert.Equal("seal 1", Assert.Single(report.Problems, p => p.Check == "chain").Subject);

        // A control plane that starts later sees it too.
        var later = new HeadKeeper(bank.Database, HeadBook.Open(_folder.FullName, Key, null));
        await later.KeepAsync();
        Assert.NotNull(later.Fault);
    }

    [Fact]
    public void Lines_that_somebody_made_or_changed_are_named_and_torn_ones_are_dropped()
    {
        var book = HeadBook.Open(_folder.FullName, Key, null);
        string[] heads = [.. Enumerable.Range(1, 3).Select(HeadOf)];
        Array.ForEach(heads, head => book.Add(head, DateTimeOffset.UnixEpoch.AddDays(20_000)));
        var good = File.ReadAllText(FilePath);
        Assert.Equal(heads, Book().Read().Heads);

        foreach (var at in Enumerable.Range(0, good.Length).Where(i => good[i] is not ('\n' or ' ')))
        {
            var bad = good.ToCharArray();
            bad[at] = bad[at] == '0' ? '1' : '0';
            File.WriteAllText(FilePath, new string(bad));
            Assert.Equal($"line {good[..at].Count(c => c == '\n') + 1}", Book().Read().Fault);
        }

        File.WriteAllText(FilePath, good + HeadOf(4) + " 172800");
        Assert.Equal((3, null), (Book().Read().Heads.Count, Book().Read().Fault));
        Assert.Equal(heads[2], HeadBook.Open(_folder.FullName, Key, null).Last);
        Assert.Equal(good, File.ReadAllText(FilePath));
    }

    [Fact]
    public void Change_of_the_master_key_signs_anew_what_the_old_one_signed_and_nothing_else()
    {
        var book = HeadBook.Open(_folder.FullName, Key, null);
        book.Add(HeadOf(1), DateTimeOffset.UnixEpoch);
        File.AppendAllText(FilePath, $"{HeadOf(2)} 0 {new string('0', 64)}\n");
        var other = RandomNumberGenerator.GetBytes(32);

        Assert.Equal("line 1", HeadBook.OpenToRead(_folder.FullName, other, null).Read().Fault);
        HeadBook.Open(_folder.FullName, other, Key);

        var read = HeadBook.OpenToRead(_folder.FullName, other, null).Read();
        Assert.Equal((1, "line 2"), (read.Heads.Count, read.Fault));
        Assert.Equal(2, HeadBook.OpenToRead(_folder.FullName, null, null).Read().Heads.Count);
    }

    [Fact]
    public void File_does_not_grow_without_end()
    {
        var book = HeadBook.Open(_folder.FullName, Key, null);
        File.WriteAllText(FilePath, string.Concat(Enumerable.Range(1, 25_000).Select(i => $"{HeadOf(i)} 0 x\n")));

        book = HeadBook.Open(_folder.FullName, Key, null);

        Assert.Equal((HeadOf(25_000), HeadBook.HeadsMax), (book.Last, File.ReadLines(FilePath).Count()));
        Assert.Null(HeadBook.OpenToRead(_folder.FullName, null, null).Read().Fault);
    }

    private HeadBook Book() => HeadBook.OpenToRead(_folder.FullName, Key, null);

    private static string HeadOf(int number) => $"{number}:{number:x64}";

    private static async Task SealAsync(Bank bank)
    {
        var sealer = new Sealer(bank.Database);
        await sealer.SealAsync();
        await sealer.SealAsync();
    }
}
