using System.IO.MemoryMappedFiles;
using TokenHub.Core.Requests;
using TokenHub.Core.Usage;

namespace TokenHub.Gateway.Settlement;

/// <summary>
/// The requests that hold money, in a memory-mapped file: it survives the death of the process without a single write
/// call, and the loss of power up to the last <see cref="Sync"/>.
/// </summary>
public sealed unsafe class InFlightTable : IDisposable
{
    /// <summary>Requests that may hold money at once. One more is refused with 503.</summary>
    public const int SlotsMax = 64 * 1024;

    private const int HeadBytes = 4096;
    private static ReadOnlySpan<byte> Magic => "TokenHub in-flight table 1\n"u8;

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;
    private readonly InFlightSlot?[] _slots = new InFlightSlot?[SlotsMax];
    private readonly int[] _free = new int[SlotsMax];
    private readonly object _gate = new();
    private int _freeCount;
    private int _pastCount;
    private int _highest = -1;

    private InFlightTable(MemoryMappedFile file)
    {
        _file = file;
        _view = file.CreateViewAccessor();
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
        // The lowest numbers are handed out first, so that a quiet gateway touches few pages.
        for (var i = SlotsMax - 1; i >= 0; i--)
        {
            _free[_freeCount++] = i;
        }
    }

    /// <summary>Requests that hold money now.</summary>
    public int OpenCount
    {
        get
        {
            lock (_gate)
            {
                return SlotsMax - _freeCount - _pastCount;
            }
        }
    }

    /// <summary>Maps the table of a folder and reports what a former process left open in it.</summary>
    /// <param name="leftPast">Takes the attempts that requests left open had made before.</param>
    public static InFlightTable Open(
        string folder, Action<OpenRequest, InFlightCounters> leftOpen, Action<PastAttempt>? leftPast = null)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, "in-flight");
        const long Length = HeadBytes + ((long)SlotsMax * InFlightLayout.SlotBytes);
        var table = new InFlightTable(MemoryMappedFile.CreateFromFile(path, FileMode.OpenOrCreate, null, Length));
        var head = new Span<byte>(table._start, Magic.Length);
        if (!head.SequenceEqual(Magic))
        {
            if (head.ContainsAnyExcept((byte)0))
            {
                table.Dispose();
                throw new InvalidDataException($"{path} is not an in-flight table of this version of TokenHub.");
            }

            Magic.CopyTo(head);
        }

        for (var i = 0; i < SlotsMax; i++)
        {
            var slot = new ReadOnlySpan<byte>(table.AddressOf(i), InFlightLayout.SlotBytes);
            if (InFlightLayout.TryRead(slot, out var open, out var counters))
            {
                leftOpen(open, counters);
            }
            else if (InFlightLayout.TryReadPast(slot, out var past))
            {
                leftPast?.Invoke(past);
            }
        }

        return table;
    }

    /// <summary>Frees every slot: after what a former process left has been written to the log.</summary>
    public void Clear()
    {
        for (var i = 0; i < SlotsMax; i++)
        {
            // Only slots in use are written to, or the whole table would become resident.
            if (*(uint*)AddressOf(i) != InFlightLayout.Free)
            {
                *(uint*)AddressOf(i) = InFlightLayout.Free;
            }
        }
    }

    public bool TryOpen(in OpenRequest request, out InFlightSlot slot)
    {
        if (!TryTake(isPast: false, out slot))
        {
            return false;
        }

        slot.RenewedAtMs = Environment.TickCount64;
        slot.Open(request);
        return true;
    }

    /// <summary>Frees a slot, and those of the attempts before.</summary>
    public void Release(InFlightSlot slot)
    {
        var past = slot.Past;
        slot.Free();
        lock (_gate)
        {
            _free[_freeCount++] = slot.Index;
        }

        while (past is not null)
        {
            var before = past.Past;
            past.Free();
            lock (_gate)
            {
                _free[_freeCount++] = past.Index;
                _pastCount--;
            }

            past = before;
        }
    }

    internal bool TryKeep(RequestId rid, int place, in AttemptRecord attempt, out InFlightSlot slot)
    {
        if (!TryTake(isPast: true, out slot))
        {
            return false;
        }

        slot.Write(rid, place, attempt);
        return true;
    }

    /// <summary>
    /// Slots that are open now. Others may open and close meanwhile; each is checked again by who uses it.
    /// </summary>
    public IEnumerable<InFlightSlot> OpenSlots()
    {
        var highest = Volatile.Read(ref _highest);
        for (var i = 0; i <= highest; i++)
        {
            if (_slots[i] is { IsOpen: true } slot)
            {
                yield return slot;
            }
        }
    }

    /// <summary>Writes changed pages to the disk. Blocks: for a background thread only.</summary>
    public void Sync() => _view.Flush();

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    private bool TryTake(bool isPast, out InFlightSlot slot)
    {
        lock (_gate)
        {
            if (_freeCount == 0)
            {
                slot = null!;
                return false;
            }

            var index = _free[--_freeCount];
            _pastCount += isPast ? 1 : 0;
            _highest = Math.Max(_highest, index);
            slot = _slots[index] ??= new InFlightSlot(this, index, AddressOf(index));
            return true;
        }
    }

    private byte* AddressOf(int index) => _start + HeadBytes + ((long)index * InFlightLayout.SlotBytes);
}
